import type { Plugin, Transform } from 'ssb-server';

function quiet(transform: Transform): Transform {
  return {
    name: transform.name,
    create() {
      const shs = transform.create();
      return {
        ...shs,
        create(options?: unknown) {
          const handshake = shs.create(options);
          if (options !== undefined) return handshake;
          // An incoming stream has ended by itself when its handshake fails.
          return (stream, cb) =>
            handshake(stream, (error, open) => {
              if (!error) cb(null, open);
            });
        },
      };
    },
  };
}

/**
 * multiserver prints every failed handshake of a stranger, with the stranger's key (compose.js,
 * onServerError), and gives no way to say otherwise. This plugin, used before secret-stack's own
 * shs plugin, keeps those failures to itself: nothing about visitors reaches a log.
 */
export const quietHandshake: Plugin = {
  name: 'quiet-handshake',
  init(server) {
    server.multiserver.transform.hook((add, [transform]) => add(quiet(transform)));
  },
};
