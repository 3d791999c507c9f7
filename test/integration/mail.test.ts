import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TIMINGS } from '../../src/mail/limits.js';
import { Smtp } from '../../src/mail/smtp.js';
import { inWords } from '../../src/status/words.js';
import { LETTER, mailSettings } from '../support/mail-kit.js';
import {
  type MailServer,
  makeCertificate,
  PASSWORD,
  startMailServer,
  USER,
} from '../support/mail-server.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { type OnionService, startOnionService } from '../support/onion-service.js';
import { startRelay, type TestRelay, temporaryFolder } from '../support/relay.js';
import { eventually } from '../support/wait.js';

describe('mail over real Tor', () => {
  let network: TestNetwork;
  let folder: string;
  let relay: TestRelay;
  let server: MailServer;
  let onion: OnionService;
  /** The recipient that the server refuses. */
  const UNKNOWN = 'unknown@example.net';

  const arrived = (what: string, subject: RegExp) =>
    eventually(what, () => server.received.find(({ raw }) => subject.test(raw)));
  const never = new AbortController().signal;

  before(async () => {
    network = await testNetwork();
    folder = await temporaryFolder();
    const socket = join(folder, 'smtp.sock');
    server = await startMailServer(socket, {
      ...(await makeCertificate(folder, 'mail.example.org')),
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      authOptional: false,
      onRcptTo: ({ address }, _session, done) =>
        address === UNKNOWN
          ? done(Object.assign(new Error('who?'), { responseCode: 550 }))
          : done(),
    });
    onion = await startOnionService(network.include, join(folder, 'onion'), 587, socket);
    const password = join(folder, 'password');
    await writeFile(password, PASSWORD, { mode: 0o600 });
    relay = await startRelay(
      network.include,
      `[mail]\nserver = "${onion.host}"\ntls = "none"\nuser = "${USER}"\npassword_file = "${password}"\nto = "me@example.org"\n`,
    );
  });
  after(async () => {
    await relay?.stop();
    await server?.stop();
    await onion?.node.stop();
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a relay that has become ready mails its address once, to an onion server', async () => {
    const { raw, user, to } = await arrived('the first mail', /Subject: Snug: the address/);
    const { site } = await relay.status();
    assert.ok(site !== undefined && raw.replaceAll('=\r\n', '').includes(`${site}/invite/`));
    assert.match(raw, /Content-Type: image\/png/);
    assert.deepEqual([user, to], [USER, ['me@example.org']]);
    const snapshot = await eventually('the status', async () => {
      const now = await relay.status();
      return now.mail?.queued === 0 ? now : undefined;
    });
    assert.ok(inWords(snapshot).includes('Mail      last sent less than a minute ago'));
  });

  it('"snug mail test" sends one more', async () => {
    await eventually('a mail', () =>
      relay.ask('mail.test').then(
        () => true,
        () => undefined,
      ),
    );
    await arrived('the test mail', /Subject: Snug: mail works/);
  });

  it('"snug invite create --mail" mails a code that works, and keeps nothing of it', async () => {
    const told = await relay.ask('invite.create', { mail: 'friend@example.net', note: 'Ada' });
    const { raw, to } = await arrived('the invite', /Subject: An invite/);
    assert.deepEqual(to, ['friend@example.net']);
    const [code] = /^\S+\.onion:8008:@\S+\.ed25519~\S+$/m.exec(decoded(raw)) ?? [];
    assert.ok(code !== undefined, raw);
    const queue = join(relay.folder, 'state', 'mail', 'queue');
    await eventually('an empty queue', async () =>
      (await readdir(queue)).length === 0 ? true : undefined,
    );
    const seen = `${JSON.stringify(told)}${relay.lines.join('\n')}${await readFile(join(queue, '..', 'notes.json'), 'utf8')}`;
    for (const secret of ['friend@', code, code.split('~')[1] ?? code, 'Ada']) {
      assert.ok(!seen.includes(secret), secret);
    }
    const invites = (await relay.ask('invite.list')) as { note?: string; state: string }[];
    assert.deepEqual([invites[0]?.note, invites[0]?.state], ['Ada', 'open']);
  });

  it('a friend whom the server does not know shows in the status', async () => {
    await relay.ask('invite.create', { mail: UNKNOWN });
    const snapshot = await eventually('the trouble', async () => {
      const now = await relay.status();
      return now.mail?.trouble === undefined ? undefined : now;
    });
    assert.match(snapshot.mail?.trouble?.text ?? '', /refuses this mail\. It said: 550 who\?/);
    assert.equal(snapshot.health, 'degraded');
    assert.ok(!JSON.stringify(snapshot).includes(UNKNOWN));
  });

  it('goes through an exit, encrypted, to a server whose certificate is checked', async () => {
    const certificate = await makeCertificate(folder, '127.0.0.1');
    const other = await makeCertificate(folder, 'other.example.org');
    const plain = await startMailServer(0, certificate);
    const socks = join(relay.folder, 'run', 'tor', 'socks');
    const settings = mailSettings(folder, { server: '127.0.0.1', port: plain.port });
    const smtp = (authority: string) =>
      new Smtp({ settings, socks, timings: TIMINGS, now: Date.now, authority });
    try {
      await eventually('an exit', () =>
        smtp(certificate.cert)
          .send(LETTER, never)
          .then(
            () => true,
            () => undefined,
          ),
      );
      assert.deepEqual([plain.received[0]?.secure, plain.received[0]?.user], [true, USER]);
      const taken = plain.received.length;
      await assert.rejects(smtp(other.cert).send(LETTER, never), { code: 'MAIL_CERTIFICATE' });
      assert.equal(plain.received.length, taken);
    } finally {
      await plain.stop();
    }
  });

  it('is not sent without encryption when the onion server offers none, unless so configured', async () => {
    const taken = server.received.length;
    const socks = join(relay.folder, 'run', 'tor', 'socks');
    const settings = mailSettings(folder, { server: onion.host });
    const smtp = new Smtp({ settings, socks, timings: TIMINGS, now: Date.now });
    await assert.rejects(smtp.send(LETTER, never), { code: /^MAIL_(NO_TLS|CERTIFICATE)$/ });
    assert.equal(server.received.length, taken);
  });
});

/** @returns the text of a mail, whichever way it is encoded */
function decoded(raw: string): string {
  const body = raw.split('\r\n\r\n').slice(1).join('\n\n');
  if (/^Content-Transfer-Encoding: base64/m.test(raw))
    return Buffer.from(body, 'base64').toString();
  const bytes = (text: string) =>
    text.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return bytes(body.replaceAll('=\r\n', '')).replaceAll('\r\n', '\n');
}
