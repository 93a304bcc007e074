/**
 * Loads the functions that `npm run build` has made. Source maps are enabled first, because Node reads the map of a
 * file only while it loads it: stack traces in the log then name the lines of `src/`.
 */

require("node:module").setSourceMapsSupport(true);
module.exports = require("./lib/functions.cjs");
