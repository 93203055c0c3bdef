const pageSize = 4096;

/**
 * Whether each page of a file is as it was to be written, or zeros: it had not reached the disk when the power failed.
 *
 * @param position of both in the file
 */
export function isPartlyWritten(there: Buffer, wanted: Buffer, position: number): boolean {
  for (let from = 0; from < there.length; ) {
    const to = Math.min(there.length, from + pageSize - ((position + from) % pageSize));
    const page = there.subarray(from, to);
    if (!page.equals(wanted.subarray(from, to)) && page.some((byte) => byte !== 0)) return false;
    from = to;
  }
  return true;
}
