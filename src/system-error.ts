import { types } from "node:util";
import { Exit, type ExitCode, MailError } from "./errors.ts";

const texts: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EAGAIN: "Resource temporarily unavailable",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EHOSTUNREACH: "No route to host",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENETUNREACH: "Network is unreachable",
  ENOENT: "No such file or directory",
  ENOLCK: "No locks available",
  ENOMEM: "Cannot allocate memory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  ENXIO: "No such device or address",
  EPERM: "Operation not permitted",
  EPIPE: "Broken pipe",
  ESPIPE: "Illegal seek",
  EROFS: "Read-only file system",
  ETIMEDOUT: "Connection timed out",
  ETXTBSY: "Text file busy",
  EXDEV: "Invalid cross-device link",
};

const exits: Readonly<Record<string, ExitCode>> = {
  EDQUOT: Exit.IoErr,
  EFBIG: Exit.IoErr,
  EIO: Exit.IoErr,
  ENOSPC: Exit.IoErr,
  EROFS: Exit.IoErr,
};

/** Returns whether an error was returned by a system call. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  // instanceof would fail in tests, which run in a realm with its own Error class.
  return types.isNativeError(error) && "syscall" in error && typeof (error as NodeJS.ErrnoException).code === "string";
}

/** Returns the C library's text for a system error ("No such file or directory"), which users and scripts recognize. */
export function strerror(error: NodeJS.ErrnoException): string {
  const code = error.code ?? "";
  return texts[code] ?? (code === "" ? error.message : code);
}

/**
 * Converts a system call's error into a MailError that names the file: `NAME: No such file or directory`.
 *
 * Any other error is returned unchanged: either it is a bug, or it is already a MailError.
 */
export function addPathToError(name: string, error: unknown, exit?: ExitCode): unknown {
  if (!isSystemError(error)) return error;
  return new MailError(`${name}: ${strerror(error)}`, exit ?? exits[error.code] ?? Exit.Failure, { cause: error });
}

/** Converts any thrown error into an error that can be printed. */
export function toMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  if (isSystemError(error)) {
    const words = strerror(error);
    return new MailError(error.path === undefined ? words : `${error.path}: ${words}`, Exit.IoErr, { cause: error });
  }
  const what = error instanceof Error ? error.message : String(error);
  return new MailError(`internal error: ${what}; set MAIL_DEBUG=1 for details, and please report it`, Exit.Software);
}
