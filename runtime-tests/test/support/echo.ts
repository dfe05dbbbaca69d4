import { once } from 'node:events'

/** Says something over a WebSocket, and gives what comes back. */
export async function echo(url: string, said: string): Promise<unknown> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  await once(socket, 'open')
  const answer = once(socket, 'message')
  socket.send(said)
  const [{ data }] = await answer
  socket.close()
  return data
}
