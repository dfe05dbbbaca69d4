import type { DisconnectSuite } from '@withusage/testing'

type Gaps = NonNullable<DisconnectSuite['gaps']>

const UNSEEN = 'workerd sees that a client has closed when it writes the next chunk, and not before'
const DROPPED = 'this build drops the body of a client that breaks off, and cancels it not: nobody is told'
const UNTIMED =
  'a timer of a Worker ends with its request: silence is looked for when other requests begin, and here none does'
const TOO_WHOLE = 'this build ends a body that breaks as if it were whole'

export const WORKERD_2026_11: Gaps = {
  'FIN while silent': UNSEEN,
  'FIN before any count': UNSEEN,
  'FIN before the response, signal passed on': UNSEEN,
  'RST before the response': 'workerd ends the handler together with its client, and nobody is told',
  'stalled reader past the idle timeout': UNTIMED,
  'idle past the timeout': UNTIMED,
  'idle before any count': UNTIMED,
  'server shuts down': 'a Worker is not told that it ends: what no store has by then is lost',
}

export const WORKERD_2026_07: Gaps = {
  ...WORKERD_2026_11,
  'RST while silent': DROPPED,
  'stalled reader leaves': DROPPED,
  'upstream breaks mid-event': TOO_WHOLE,
  'upstream breaks before any count': TOO_WHOLE,
}

/** Whether a write was on its way when the client broke off. */
export const RACES_2026_07: NonNullable<DisconnectSuite['races']> = {
  'RST while chunks flow': {
    why: DROPPED,
    seen: { account: 'in flight', outcome: null, tokens: null, upstream: 'not cut off' },
  },
}
