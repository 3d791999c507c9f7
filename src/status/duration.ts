/**
 * @param seconds 0 or more
 * @returns it in words, in its two largest units, as `3 d 4 h` or `5 min`
 */
export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

/**
 * @param seconds since then; negative, from a clock that was set back, counts as just now
 * @returns when that was, in words
 */
export function ago(seconds: number): string {
  return seconds < 60 ? 'less than a minute ago' : `${duration(seconds)} ago`;
}
