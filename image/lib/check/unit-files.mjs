// Units of systemd, as far as the rules have to read them.

/**
 * @param {string} text of a unit
 * @returns {(key: string) => string[]} values of a key; an empty one takes those before it away
 */
export function settingsOf(text) {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  const pairs = lines.flatMap((line) => {
    const [, key, value] = /^([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value }];
  });
  return (wanted) => {
    const values = pairs.filter(({ key }) => key === wanted).map(({ value }) => value);
    return values.slice(values.lastIndexOf('') + 1);
  };
}

/**
 * @param {import('./view.mjs').View} view
 * @param {string} [kind] such as socket; otherwise all
 * @returns {{ name: string, path: string, settings: ReturnType<typeof settingsOf> }[]} units that
 *   lie in the tree, those of the operator's session too, with what drop-ins add
 */
export function unitFiles(view, kind = '[a-z]+') {
  const rule = new RegExp(`^(etc|usr/lib)/systemd/(system|user)/([^/]+\\.${kind})$`);
  const dropIns = view.files.filter(({ path }) => /\/systemd\/.*\.d\/[^/]+\.conf$/.test(path));
  return view.files.flatMap(({ path, stat }) => {
    const name = rule.exec(path)?.[3];
    if (name === undefined || !stat.isFile()) return [];
    const added = dropIns.filter((file) => file.path.includes(`/${name}.d/`));
    const texts = [path, ...added.map((file) => file.path)].map((file) => view.text(file));
    return [{ name, path, settings: settingsOf(texts.join('\n')) }];
  });
}

/** @returns the settings of a unit of the system by its name; empty when there is none */
export function unitNamed(view, name) {
  const found = unitFiles(view).find((unit) => unit.path.endsWith(`/system/${name}`));
  return found?.settings ?? settingsOf('');
}
