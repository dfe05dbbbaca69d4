import { createBooks } from '@withusage/testing'
import type { Express, RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { usage } from '../src/index.ts'
import { completion, EXPRESS, listen, send } from './support/serve.ts'

const answer: RequestHandler = (_request, response) => void response.json(completion)

describe.each(EXPRESS)('The endpoint in %s', (_name, express) => {
  const { Router } = express

  /** The endpoints that requests for these paths are recorded under, sorted: those of one millisecond have no order. */
  async function endpointsOf(mount: (app: Express) => unknown, paths: readonly string[]): Promise<string[]> {
    const { recorder, settled } = createBooks()
    const app = express().use(usage({ recorder }))
    mount(app)
    const url = await listen(app)
    for (const path of paths) expect((await send(url + path)).status).toBe(200)
    return (await settled()).map(({ endpoint }) => endpoint).sort()
  }

  const asking = () => Router().post('/ask', answer)

  it.each<[title: string, mount: (app: Express) => unknown, paths: string[], endpoints: string[]]>([
    [
      'of a router on a list of paths is under the one that matched',
      (app) => app.use(['/a', '/b/:id'], asking()),
      ['/a/ask', '/b/7/ask'],
      ['/a/ask', '/b/:id/ask'],
    ],
    [
      'of a router on a regular expression is under what was matched',
      (app) => app.use(/^\/v\d/, asking()),
      ['/v1/ask', '/v2/ask'],
      ['/v1/ask', '/v2/ask'],
    ],
    [
      'of a router on a regular expression with a name has the name',
      (app) => app.use(/^\/tenants\/(?<tenant>\w+)/, asking()),
      ['/tenants/acme/ask', '/tenants/ada/ask'],
      ['/tenants/:tenant/ask', '/tenants/:tenant/ask'],
    ],
    [
      'of a router on a regular expression with a group is not known',
      (app) => app.use(/^\/tenants\/(\w+)/, asking()),
      ['/tenants/acme/ask', '/tenants/ada/ask'],
      ['other', 'other'],
    ],
    [
      'of a route of several paths is the known one, or not known',
      (app) => app.post(['/v1/chat/completions', '/ask/:id'], answer),
      ['/v1/chat/completions', '/ask/7'],
      ['/v1/chat/completions', 'other'],
    ],
    [
      'of a route of a regular expression is the known one, or not known',
      (app) => app.all(/\/(completions|ask)$/, answer),
      ['/v1/chat/completions', '/7/ask'],
      ['/v1/chat/completions', 'other'],
    ],
    [
      'of a path in any case is one',
      (app) => app.use('/Tenants', asking()),
      ['/Tenants/ask', '/TENANTS/ask', '/tenantS/ask'],
      ['/tenants/ask', '/tenants/ask', '/tenants/ask'],
    ],
    [
      'of routers with merged parameters has the names of all',
      (app) => {
        const inner = Router({ mergeParams: true }).post('/:voice', answer)
        app.use('/tenants/:tenant', Router({ mergeParams: true }).use('/models/:model', inner))
      },
      ['/tenants/acme/models/qwen/alto'],
      ['/tenants/:tenant/models/:model/:voice'],
    ],
    [
      'of an app in the app has the names of both',
      (app) => app.use('/tenants/:tenant', express().use('/models/:model', asking())),
      ['/tenants/acme/models/qwen/ask'],
      ['/tenants/:tenant/models/:model/ask'],
    ],
    [
      'has the names of parameters that were replaced',
      (app) => {
        const router = Router({ mergeParams: true }).post('/ask', answer)
        const outer = Router()
        outer.param('tenant', (request, _response, next, id) => {
          Object.assign(request.params, { tenant: { id } })
          next()
        })
        app.use(outer.use('/tenants/:tenant', router))
      },
      ['/tenants/acme/ask'],
      ['/tenants/:tenant/ask'],
    ],
  ])('%s', async (_title, mount, paths, endpoints) => {
    expect(await endpointsOf(mount, paths)).toEqual(endpoints.toSorted())
  })

  it('of a request that no route takes is the known one, with what the router has cut', async () => {
    const { recorder, settled } = createBooks()
    const app = express().use('/v1', usage({ recorder }), answer)
    await send(`${await listen(app)}/v1/chat/completions`)
    expect(await settled()).toMatchObject([{ endpoint: '/v1/chat/completions' }])
  })

  it.each([
    ['a regular expression', /^\/tenants\/\w+/],
    ['a part of a segment', '/tenants/t-:tenant'],
  ])('of a router on %s is no longer its path when there are many', async (_title, path) => {
    const paths = Array.from({ length: 40 }, (_, index) => `/tenants/t-${index}/ask`)
    const mount = path instanceof RegExp ? /^\/tenants\/t-\d+/ : path
    const endpoints = await endpointsOf((app) => app.use(mount, asking()), paths)
    expect(endpoints).toHaveLength(40)
    expect(new Set(endpoints).size).toBe(17)
    expect(endpoints.filter((endpoint) => endpoint === 'other')).toHaveLength(24)
  })
})
