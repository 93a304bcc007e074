/** What each action means to an operator, and which of them make a failure, a rollback or a crash. */

import type { ActionCounts } from "../counting/documents.ts";
import type { backendActions, contractActions, deviceActions } from "../ingest/actions.ts";

type Action = (typeof contractActions | typeof deviceActions | typeof backendActions)[number];

/**
 * What an action says of an update.
 * - `failure`: an attempt to install ended in it, or was given up because of it. These make the failure rate.
 * - `file_failure`: it concerns one file of many, so that one attempt can report hundreds. Shown, but not in the rate.
 * - `rollback`: the device left the version again.
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
 * All actions by what they say, each with its meaning in plain words.
 *
 * The plugin reports some failures (`download_fail` and what it found in an archive) under the version that was running
 * rather than the one it tried to install, and may report a cause and `download_fail` for one attempt. The failure rate
 * is therefore one of reports, and worth most in comparison: both sides of it are reported alike.
 */
const meanings: Record<ActionKind, Partial<Record<Action, string>>> = {
  download: {
    get: "The device was told where to download the version.",
    download_0: "The download has begun.",
    download_manifest_start: "The download of single files, by manifest, has begun.",
    download_zip_start: "The download of one archive has begun.",
    download_10: "10 % is downloaded.",
    download_20: "20 % is downloaded.",
    download_30: "30 % is downloaded.",
    download_40: "40 % is downloaded.",
    download_50: "50 % is downloaded.",
    download_60: "60 % is downloaded.",
    download_70: "70 % is downloaded.",
    download_80: "80 % is downloaded.",
    download_90: "90 % is downloaded.",
    download_manifest_complete: "All files of the manifest are on the device.",
    download_zip_complete: "The archive is on the device.",
    download_complete: "The version is downloaded, checked and unpacked.",
  },
  install: {
    set_next: "The version waits for the next start or background of the app.",
    set: "The version is installed: the app runs it from now on.",
    app_launch_ready: "The app started and said that it is ready. Reported at each start.",
  },
  failure: {
    set_fail: "The downloaded version could not be made the running one: its files are missing.",
    download_fail: "The download failed, or what was downloaded could not be used.",
    finish_download_fail: "The download ended, but checking or unpacking it failed.",
    checksum_fail: "The download is not what was published: its checksum differs.",
    checksum_required: "The update came without a checksum, and the app insists on one.",
    session_key_required: "The update came without the key to decrypt it.",
    signature_not_provided: "The update came without a signature, and the app insists on one.",
    invalid_signature: "The signature of the update is not that of its publisher.",
    signature_validation_failed: "The signature of the update could not be checked.",
    decrypt_fail: "The download could not be decrypted: the keys do not match.",
    unzip_fail: "The archive could not be unpacked.",
    windows_path_fail: "The archive holds a path with a backslash, made on Windows.",
    canonical_path_fail: "The archive holds a path that leads out of its folder.",
    directory_path_fail: "A folder of the archive could not be created.",
    low_mem_fail: "The device had too little memory for the download.",
    insufficient_disk_space: "The device had too little storage for the download.",
  },
  file_failure: {
    manifest_path_fail: "The manifest names a file outside the version's folder.",
    download_manifest_file_fail: "One file of the manifest could not be downloaded.",
    download_manifest_checksum_fail: "One file of the manifest is not what was published.",
    download_manifest_brotli_fail: "One file of the manifest could not be decompressed.",
  },
  rollback: {
    update_fail:
      "The version was installed, but the app did not say in time that it is ready, and went back.",
    reset: "The device went back to the version that the store delivered.",
  },
  crash: {
    app_crash: "The app crashed.",
    app_crash_native: "The app crashed in native code.",
    app_anr: "The app stopped answering, and Android ended it.",
    app_initialization_failure: "The app could not be started.",
    webview_render_process_gone: "The process that draws the app died (Android).",
    webview_content_process_terminated: "The process that draws the app died (iOS).",
  },
  app: {
    delete: "The version was deleted from the device.",
    uninstall: "The app or its updates were removed from the device.",
    app_moved_to_foreground: "The app was opened.",
    app_moved_to_background: "The app was left.",
    app_launch_start: "The app began to start.",
    app_launch_timeout: "The app started, but did not say in time that it is ready.",
    app_killed_low_memory: "The system ended the app to free memory.",
    app_killed_excessive_resource_usage: "The system ended the app because it used too much.",
    app_memory_warning: "The system asked the app to free memory.",
    webview_javascript_error: "An error in the app's JavaScript was not caught.",
    webview_unhandled_rejection: "A promise failed in the app's JavaScript, and nothing handled it.",
    webview_resource_error: "A file that the page needs could not be loaded.",
    webview_security_policy_violation: "The page's content security policy blocked something.",
    webview_unclean_restart: "The app started again without having been left properly.",
    webview_dom_content_loaded: "The page was read.",
    webview_page_loaded: "The page and all it needs were loaded.",
    os_version_changed: "The device has a new version of its operating system.",
    native_app_version_changed: "The device has a new version of the app from the store.",
    blocked_by_server_url: "Updates are off: the app is configured to load its pages from a server.",
    rate_limit_reached: "The device was told to ask less often.",
    ping: "The plugin tried whether events arrive.",
    getChannel: "The device asked which channel it is on.",
    setChannel: "The device chose a channel.",
  },
  server: {
    noNew: "No update: the device has the newest version.",
    missingBundle: "No update: the version's files are missing on the update server.",
    cannotGetBundle: "No update: the server could not say where its files are.",
    needPlanUpgrade: "No update: the plan with the update server is used up.",
    disablePlatformIos: "No update: the channel excludes iOS.",
    disablePlatformAndroid: "No update: the channel excludes Android.",
    disablePlatformElectron: "No update: the channel excludes Electron.",
    disableAutoUpdate: "No update: the channel does not update by itself.",
    disableAutoUpdateToMajor: "No update: the channel holds back major versions.",
    disableAutoUpdateToMinor: "No update: the channel holds back minor versions.",
    disableAutoUpdateToPatch: "No update: the channel holds back patch versions.",
    disableAutoUpdateMetadata: "No update: the device is below the version that the update asks for.",
    disableAutoUpdateUnderNative: "No update: it is older than the app from the store.",
    cannotUpdateViaPrivateChannel: "No update: the device may not use this private channel.",
    channelMisconfigured: "No update: the channel's settings contradict each other.",
    disableDevBuild: "No update: the channel excludes development builds.",
    disableProdBuild: "No update: the channel excludes production builds.",
    disableEmulator: "No update: the channel excludes emulators.",
    disableDevice: "No update: the channel excludes real devices.",
    NoChannelOrOverride: "No update: the device is on no channel.",
    rateLimited: "No update: the device asked too often.",
    keyMismatch: "No update: it is encrypted for another key than the app's.",
    InvalidIp: "No update: the request came from a data centre, so it is no device.",
    backend_refusal: "No update: the server refused for another reason.",
    customIdBlocked: "The device may not choose its own custom id.",
  },
};

/** What an action means, for the page: `{"set": {"kind": "install", "meaning": "…"}}`, in the order of an update. */
export const actionMeanings: Readonly<Record<string, { kind: ActionKind; meaning: string }>> =
  Object.fromEntries(
    (Object.keys(meanings) as ActionKind[]).flatMap((kind) =>
      Object.entries(meanings[kind]).map(([action, meaning]) => [action, { kind, meaning }]),
    ),
  );

const failures = Object.keys(meanings.failure);

/** What counters say of the health of a version, or of a part of its events. */
export interface Tally {
  /** How often it was installed (`set`). */
  installs: number;
  /** How often an attempt to install it failed. */
  failed: number;
  /** How often it was installed, did not start properly, and was undone (`update_fail`). */
  rolled_back: number;
}

export function tallyOf(actions: ActionCounts): Tally {
  return {
    installs: actions.set ?? 0,
    failed: failures.reduce((sum, action) => sum + (actions[action] ?? 0), 0),
    rolled_back: actions.update_fail ?? 0,
  };
}

export function addTallies(tallies: Iterable<Tally>): Tally {
  const sum: Tally = { installs: 0, failed: 0, rolled_back: 0 };
  for (const { installs, failed, rolled_back } of tallies) {
    sum.installs += installs;
    sum.failed += failed;
    sum.rolled_back += rolled_back;
  }
  return sum;
}
