/** Problems with a login, in any protocol. */
export type LoginReason =
  | "login refused"
  | "login not offered"
  | "login mechanism unknown"
  | "login not encrypted"
  | "no password"
  | "password command failed";
