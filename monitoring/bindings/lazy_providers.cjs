// Loaded into jsii's Node by NODE_OPTIONS (monitoring/bindings/fast.py): a provider package loads its 1,500 modules
// one by one, when a class is asked for. Packages ship `lib/lazy-index.js` for this, but name `lib/index.js` as main.
const { existsSync } = require("node:fs");
const Module = require("node:module");

const providers = Object.values(require("./engines.json")).map((engine) => engine.npm_providers);
const EAGER = new RegExp(`/(?:${providers.join("|")})[^/]+/(?:.+/)?lib/index\\.js$`);
const resolve = Module._resolveFilename; // not `registerHooks`: that turns every path into a URL and back, 30 ms in all

Module._resolveFilename = function (...request) {
  const file = resolve.apply(this, request);
  if (!EAGER.test(file)) return file;
  const lazy = file.replace(/index\.js$/, "lazy-index.js");
  return existsSync(lazy) ? lazy : file;
};
