/** Who am I: the user, their names and this host's. */
export interface Identity {
  readonly user: string;
  /** From the passwd entry's GECOS field; empty where there is none. */
  readonly fullName: string;
  readonly home: string;
  /** The name mail from here carries: /etc/mailname, else the fully qualified host name. */
  readonly mailName: string;
}
