/** The scenarios of `testDisconnect` under Hono on workerd: a Worker, bundled before it is served. */
import { honoApp } from './hono-app.ts'
import { scenarios } from './scenarios.ts'

let app: ReturnType<typeof honoApp> | undefined

type Fetch = ReturnType<typeof honoApp>['fetch']

export default {
  /** Timers are there while a request is served, and not before. */
  fetch(...served: Parameters<Fetch>): ReturnType<Fetch> {
    app ??= honoApp(scenarios())
    return app.fetch(...served)
  },
}
