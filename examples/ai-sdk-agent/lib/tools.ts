import { cosineSimilarity, embedMany, tool } from 'ai'
import { z } from 'zod'
import { embeddingModel } from '@/lib/models.ts'

const ARTICLES = ['Parcels take three days.', 'Returns are free for a month.', 'We answer letters on Mondays.']

/** What the agent may look up. The search asks a model too: its tokens are a line of the same request. */
export const tools = {
  orderStatus: tool({
    description: 'Where an order is',
    inputSchema: z.object({ orderId: z.string() }),
    execute: async ({ orderId }) => `Order ${orderId} left us on Tuesday.`,
  }),
  searchHelp: tool({
    description: 'The help article that fits a question best',
    inputSchema: z.object({ question: z.string() }),
    async execute({ question }) {
      const { embeddings } = await embedMany({ model: embeddingModel, values: [question, ...ARTICLES] })
      const [asked = [], ...articles] = embeddings
      const nearness = articles.map((article) => cosineSimilarity(asked, article))
      return ARTICLES[nearness.indexOf(Math.max(...nearness))]
    },
  }),
}
