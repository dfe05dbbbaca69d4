/** A saved response that cannot be read; its message says what was seen and what was tried, never what a body says. */
export class ReadError extends Error {}
