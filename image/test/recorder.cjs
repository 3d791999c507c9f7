// Loaded into the relay in the emulator, by a drop-in that only tests put there: says on the serial
// line what each riddle shows, because no test can read a picture.
const { _extensions: loaders } = require('node:module');
const load = loaders['.js'];

loaders['.js'] = (module, file) => {
  load(module, file);
  if (!file.endsWith('/node_modules/svg-captcha/index.js')) return;
  const draw = module.exports;
  const spy = (text, ...rest) => {
    process.stderr.write(`test: riddle ${text}\n`);
    return draw(text, ...rest);
  };
  module.exports = Object.assign(spy, draw);
};
