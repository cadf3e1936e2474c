// A tar archive (ustar) of one directory with files that only their owner may
// read: a plain download would be readable to all, and ssh refuses such a key.

const block = 512;
const text = new TextEncoder();

function header(name, size, mode, type) {
  const h = new Uint8Array(block);
  const put = (at, s) => h.set(text.encode(s), at);
  const octal = (at, width, n) => put(at, n.toString(8).padStart(width - 1, "0"));
  put(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, Math.floor(Date.now() / 1000));
  put(148, " ".repeat(8)); // the checksum counts itself as blanks
  put(156, type);
  put(257, "ustar\0" + "00");
  put(148, h.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0") + "\0 ");
  return h;
}

export function tar(dir, files) {
  const parts = [header(dir + "/", 0, 0o700, "5")];
  for (const [name, content] of files) {
    const data = text.encode(content);
    parts.push(header(dir + "/" + name, data.length, 0o600, "0"), data, new Uint8Array((block - (data.length % block)) % block));
  }
  parts.push(new Uint8Array(2 * block));
  return new Blob(parts, { type: "application/x-tar" });
}
