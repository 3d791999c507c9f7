/** The package's own types leave out that the module itself draws a given text (its index.js). */
declare module 'svg-captcha' {
  /** @returns an SVG of the text, as text */
  function createCaptcha(
    text: string,
    options: { width: number; height: number; fontSize: number; noise: number },
  ): string;
  export default createCaptcha;
}
