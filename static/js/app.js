// What every page uses. A page's own elements have a module tag of their own.

import "./elements/mf-theme.js";
import { watchConnection } from "./page/connection.js";
import { watchDialogs } from "./page/dialogs.js";
import { prepareForOffline } from "./page/offline.js";
import { watchPasswords } from "./page/passwords.js";
import { showCurrent } from "./page/strips.js";
import { watchSubmits } from "./page/submits.js";
import { watchSwaps } from "./page/swaps.js";
import { showTimes } from "./page/times.js";
import { watchToasts } from "./page/toasts.js";
import { watchTransitions } from "./page/transitions.js";

watchTransitions();
prepareForOffline();
showCurrent();
showTimes();
watchConnection();
watchDialogs();
watchPasswords();
watchSubmits();
watchSwaps();
watchToasts();
