/** The scenarios of `testDisconnect` under Express, on any runtime that has `node:http`. Prints its address. */
import type { AddressInfo } from 'node:net'
import { toExpress, usage } from '@withusage/express'
import express from 'express'
import { endWell } from './end-well.ts'
import { scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

const ROUTE = '/:scenario/v1/chat/completions'
const scenario = toExpress(server.scenario)

const app = express()
app.use('/control', toExpress(server.control))
app.all(`/metered${ROUTE}`, usage(server.options), scenario)
app.all(`/impatient${ROUTE}`, usage(server.impatient), scenario)
app.all(`/draining${ROUTE}`, usage(server.draining), scenario)

const listening = app.listen(0, '127.0.0.1', () => {
  const { port } = listening.address() as AddressInfo
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
