/** Jest tells its workers to use colours when it runs on a terminal; the programs that tests start are not meant. */
delete process.env.FORCE_COLOR;
