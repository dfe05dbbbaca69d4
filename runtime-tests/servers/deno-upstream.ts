/** `meteredFetch` on Deno. Prints its address. */
import { upstreamServer } from './upstream.ts'

const onListen = ({ hostname, port }: Deno.NetAddr) => void process.stdout.write(`http://${hostname}:${port}\n`)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, upstreamServer())
