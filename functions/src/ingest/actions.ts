/** Lists every action that `@capgo/capacitor-updater` 4.9 to 8.51 reports: where it comes from and what it means. */

/** The shape of an action's name, also of a later plugin's. */
export const ACTION = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * The place where an action was found.
 * - `contract`: in the plugin's published contract for self-hosted endpoints.
 * - `device`: in the plugin's code, beyond that contract.
 * - `backend`: in the code or documentation of the plugin maker's own server.
 */
export type ActionSource = "contract" | "device" | "backend";

/**
 * An action's part in an update. What makes a rate is in `health/measures.ts`.
 * - `failure`: a reason why a download or an install failed. One failed attempt reports several, and one of them may also come
 *   where there is no update, so they say why, never how often.
 * - `file_failure`: the same of one file of many. One attempt can report hundreds.
 * - `rollback`: the version was installed, did not start properly, and was undone.
 * - `crash`: the app or its web view went down.
 */
export type ActionKind =
  | "download"
  | "install"
  | "failure"
  | "file_failure"
  | "rollback"
  | "crash"
  | "app"
  | "server";

/**
 * The table, in the order of an update. The plugin reports some failures (`download_fail`, and faults of an archive) under the
 * version that was running, not under the one that failed.
 */
const table = {
  get: ["contract", "download", "The device was told where to download the version."],
  download_0: ["device", "download", "The download has begun."],
  download_manifest_start: ["device", "download", "The download of single files, by manifest, has begun."],
  download_zip_start: ["device", "download", "The download of one archive has begun."],
  download_10: ["contract", "download", "10 % is downloaded."],
  download_20: ["contract", "download", "20 % is downloaded."],
  download_30: ["contract", "download", "30 % is downloaded."],
  download_40: ["contract", "download", "40 % is downloaded."],
  download_50: ["contract", "download", "50 % is downloaded."],
  download_60: ["contract", "download", "60 % is downloaded."],
  download_70: ["contract", "download", "70 % is downloaded."],
  download_80: ["contract", "download", "80 % is downloaded."],
  download_90: ["contract", "download", "90 % is downloaded."],
  download_manifest_complete: ["device", "download", "All files of the manifest are on the device."],
  download_zip_complete: ["device", "download", "The archive is on the device."],
  download_complete: [
    "contract",
    "download",
    "The version is downloaded and unpacked; iOS tests the checksum of an archive only after it.",
  ],
  set_next: ["device", "install", "The version waits for the next start or background of the app."],
  set: [
    "contract",
    "install",
    "The version is installed: the app runs it from now on; on Electron, the app started with it.",
  ],
  app_launch_ready: [
    "device",
    "install",
    "The app started and said that it is ready; reported once for each start.",
  ],
  set_fail: [
    "contract",
    "failure",
    "The version could not be installed, since its files are missing; on Electron, it was rolled back.",
  ],
  download_fail: [
    "contract",
    "failure",
    "A download failed or there was no update; mostly reported under the version that was running.",
  ],
  finish_download_fail: ["device", "failure", "The download ended, but checking or unpacking it failed."],
  checksum_fail: ["device", "failure", "The download is not what was published: its checksum differs."],
  checksum_required: ["device", "failure", "The update came without a checksum, and the app insists on one."],
  session_key_required: ["device", "failure", "The update came without the key to decrypt it."],
  signature_not_provided: [
    "device",
    "failure",
    "The update came without a signature, and the app insists on one.",
  ],
  invalid_signature: ["device", "failure", "The signature of the update is not that of its publisher."],
  signature_validation_failed: ["device", "failure", "The signature of the update could not be checked."],
  decrypt_fail: ["contract", "failure", "The download could not be decrypted: the keys do not match."],
  unzip_fail: ["contract", "failure", "The archive could not be unpacked."],
  windows_path_fail: ["contract", "failure", "The archive holds a path with a backslash, made on Windows."],
  canonical_path_fail: ["contract", "failure", "The archive holds a path that leads out of its folder."],
  directory_path_fail: ["contract", "failure", "A folder of the archive could not be created."],
  low_mem_fail: ["contract", "failure", "The device had too little memory for the download."],
  insufficient_disk_space: ["device", "failure", "The device had too little storage for the download."],
  manifest_path_fail: ["device", "file_failure", "The manifest names a file outside the version's folder."],
  download_manifest_file_fail: [
    "device",
    "file_failure",
    "One file of the manifest could not be downloaded.",
  ],
  download_manifest_checksum_fail: [
    "device",
    "file_failure",
    "One file of the manifest is not what was published.",
  ],
  download_manifest_brotli_fail: [
    "device",
    "file_failure",
    "One file of the manifest could not be decompressed.",
  ],
  update_fail: [
    "contract",
    "rollback",
    "The version was installed, but the app did not say in time that it is ready, and went back.",
  ],
  reset: ["contract", "app", "The device went back to the version that the store delivered."],
  app_crash: [
    "device",
    "crash",
    "The app crashed; reported at the next start, under the version that runs then.",
  ],
  app_crash_native: ["device", "crash", "The app crashed in native code."],
  app_anr: ["device", "crash", "The app stopped answering, and Android ended it."],
  app_initialization_failure: ["device", "crash", "The app could not be started."],
  webview_render_process_gone: ["device", "crash", "The process that draws the app died (Android)."],
  webview_content_process_terminated: ["device", "crash", "The process that draws the app died (iOS)."],
  delete: ["contract", "app", "The version was deleted from the device."],
  uninstall: ["device", "app", "The app or its updates were removed from the device."],
  app_moved_to_foreground: ["contract", "app", "The app was opened."],
  app_moved_to_background: ["contract", "app", "The app was left."],
  app_launch_start: ["device", "app", "The app began to start."],
  app_launch_timeout: ["device", "app", "The app started, but did not say in time that it is ready."],
  app_killed_low_memory: ["device", "app", "The system ended the app to free memory."],
  app_killed_excessive_resource_usage: [
    "device",
    "app",
    "The system ended the app because it used too much.",
  ],
  app_memory_warning: ["device", "app", "The system asked the app to free memory."],
  webview_javascript_error: ["device", "app", "An error in the app's JavaScript was not caught."],
  webview_unhandled_rejection: [
    "device",
    "app",
    "A promise failed in the app's JavaScript, and nothing handled it.",
  ],
  webview_resource_error: ["device", "app", "A file that the page needs could not be loaded."],
  webview_security_policy_violation: [
    "device",
    "app",
    "The page's content security policy blocked something.",
  ],
  webview_unclean_restart: ["device", "app", "The app started again without having been left properly."],
  webview_dom_content_loaded: ["device", "app", "The page was read."],
  webview_page_loaded: ["device", "app", "The page and all it needs were loaded."],
  os_version_changed: ["device", "app", "The device has a new version of its operating system."],
  native_app_version_changed: ["device", "app", "The device has a new version of the app from the store."],
  blocked_by_server_url: [
    "device",
    "app",
    "Updates are off: the app is configured to load its pages from a server.",
  ],
  rate_limit_reached: ["device", "app", "The device was told to ask less often."],
  ping: ["backend", "app", "The plugin tried whether events arrive."],
  getChannel: ["backend", "app", "The device asked which channel it is on."],
  setChannel: ["backend", "app", "The device chose a channel."],
  noNew: ["backend", "server", "No update: the device has the newest version."],
  missingBundle: ["backend", "server", "No update: the version's files are missing on the update server."],
  cannotGetBundle: ["backend", "server", "No update: the server could not say where its files are."],
  needPlanUpgrade: ["backend", "server", "No update: the plan with the update server is used up."],
  disablePlatformIos: ["backend", "server", "No update: the channel excludes iOS."],
  disablePlatformAndroid: ["backend", "server", "No update: the channel excludes Android."],
  disablePlatformElectron: ["backend", "server", "No update: the channel excludes Electron."],
  disableAutoUpdate: ["backend", "server", "No update: the channel does not update by itself."],
  disableAutoUpdateToMajor: ["backend", "server", "No update: the channel holds back major versions."],
  disableAutoUpdateToMinor: ["backend", "server", "No update: the channel holds back minor versions."],
  disableAutoUpdateToPatch: ["backend", "server", "No update: the channel holds back patch versions."],
  disableAutoUpdateMetadata: [
    "backend",
    "server",
    "No update: the device is below the version that the update asks for.",
  ],
  disableAutoUpdateUnderNative: ["backend", "server", "No update: it is older than the app from the store."],
  cannotUpdateViaPrivateChannel: [
    "backend",
    "server",
    "No update: the device may not use this private channel.",
  ],
  channelMisconfigured: ["backend", "server", "No update: the channel's settings contradict each other."],
  disableDevBuild: ["backend", "server", "No update: the channel excludes development builds."],
  disableProdBuild: ["backend", "server", "No update: the channel excludes production builds."],
  disableEmulator: ["backend", "server", "No update: the channel excludes emulators."],
  disableDevice: ["backend", "server", "No update: the channel excludes real devices."],
  NoChannelOrOverride: ["backend", "server", "No update: the device is on no channel."],
  rateLimited: ["backend", "server", "No update: the device asked too often."],
  keyMismatch: ["backend", "server", "No update: it is encrypted for another key than the app's."],
  InvalidIp: ["backend", "server", "No update: the request came from a data centre, so it is no device."],
  backend_refusal: ["backend", "server", "No update: the server refused for another reason."],
  customIdBlocked: ["backend", "server", "The device may not choose its own custom id."],
} as const satisfies Record<string, readonly [ActionSource, ActionKind, meaning: string]>;

export interface Action {
  source: ActionSource;
  kind: ActionKind;
  /** One sentence for an operator. */
  meaning: string;
}

/** Every action that an event may carry without further configuration, by its name. */
export const actions: ReadonlyMap<string, Action> = new Map(
  Object.entries(table).map(([name, [source, kind, meaning]]) => [name, { source, kind, meaning }]),
);
