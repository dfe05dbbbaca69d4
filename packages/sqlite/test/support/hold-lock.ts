import { DatabaseSync } from 'node:sqlite'

/** Holds the write lock of a file for a while: `hold-lock.ts <path> <ms>`. */
const [path = '', holdMs = '0'] = process.argv.slice(2)
const database = new DatabaseSync(path)
database.exec('BEGIN IMMEDIATE')
process.stdout.write('locked\n')
setTimeout(() => {
  database.exec('COMMIT')
  database.close()
  process.stdout.write('released\n')
}, Number(holdMs))
