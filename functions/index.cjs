/**
 * Loads the functions that `npm run build` has made. Source maps are enabled first, because Node reads the map of a
 * file only while it loads it: stack traces in the log then name the lines of `src/`.
 */

process.setSourceMapsEnabled(true);
module.exports = require("./lib/functions.cjs");
