// Loaded into jsii's Node by NODE_OPTIONS (monitoring/fast_bindings.py): a provider package loads its 1,500 modules
// one by one, when a class is asked for. Packages ship `lib/lazy-index.js` for this, but name `lib/index.js` as main.
const { existsSync } = require("node:fs");
const { registerHooks } = require("node:module");
const { fileURLToPath } = require("node:url");

const EAGER = /\/@cdktf\/provider-[^/]+\/(?:.+\/)?lib\/index\.js$/;

function resolve(specifier, context, nextResolve) {
  const resolved = nextResolve(specifier, context);
  if (!EAGER.test(resolved.url)) return resolved;
  const lazy = resolved.url.replace(/index\.js$/, "lazy-index.js");
  return existsSync(fileURLToPath(lazy)) ? { ...resolved, url: lazy } : resolved;
}

registerHooks?.({ resolve }); // Node before 22.15 has none: slower, and as right
