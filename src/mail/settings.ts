import type { MailAddress } from '../support/mail-address.js';

/** How mail is sent; the configuration has checked it. */
export interface MailSettings {
  /** A name, which Tor's exit resolves, or an onion host. */
  readonly server: string;
  readonly port: number;
  /** TLS from the first byte; TLS after STARTTLS and nothing without; none, to an onion host. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** The name in the server's certificate, when it is not `server`. */
  readonly tlsName: string | undefined;
  /** Of the account; undefined: no login. */
  readonly user: string | undefined;
  /** Absolute. */
  readonly passwordFile: string | undefined;
  /** Where systemd puts the password; used without `passwordFile`. */
  readonly credential: string | undefined;
  readonly from: MailAddress;
  /** The operator. */
  readonly to: MailAddress;
  readonly alerts: boolean;
  readonly digest: boolean;
}
