import { readCommand } from './read-command.ts'

process.exitCode = await readCommand(process.argv.slice(2), {
  stdin: process.stdin,
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
})
