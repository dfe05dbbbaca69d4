/** As `/kept`, without metering. */
export function GET(): Response {
  return Response.json({ models: ['qwen-7b'] })
}
