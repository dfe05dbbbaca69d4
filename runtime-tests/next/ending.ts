import { endWell } from '../servers/end-well.ts'
import { books, options } from './server.ts'

/** Where `NEXT_MANUAL_SIG_HANDLE` leaves SIGTERM to the app. */
if (process.env.NEXT_MANUAL_SIG_HANDLE) endWell({ books, options })
