const LONGEST_KEY = 4096;
const TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'ssh-rsa',
];

/**
 * RFC 4253, section 6.6: a key's data start with the length and name of its type. Options in front
 * of the key (sshd(8), AUTHORIZED_KEYS) could open more than we mean to.
 *
 * @param text one line of an authorized_keys file
 * @returns whether it is a public key, and nothing else but a comment
 */
export function isPublicKey(text: string): boolean {
  if (text.length > LONGEST_KEY || /\p{Cc}/u.test(text)) return false;
  const [type = '', data = ''] = text.split(' ');
  if (!TYPES.includes(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return false;
  const bytes = Buffer.from(data, 'base64');
  const name = bytes.subarray(4, 4 + type.length).toString('latin1');
  return bytes.length >= 40 && bytes.readUInt32BE(0) === type.length && name === type;
}
