/**
 * On a terminal, Jest sets FORCE_COLOR for its workers. The programs that tests start must not inherit that variable.
 */
delete process.env.FORCE_COLOR;
