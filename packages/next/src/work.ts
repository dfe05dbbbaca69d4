import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js'

/**
 * For what Next runs a handler: a client's request; a result that it keeps (at build, or when that is out of date); or,
 * with Cache Components, an attempt at one, given up at the first clock, random number or request that is read.
 *
 * Reading a request makes a route dynamic that would be kept, and no public API tells before. The module of Next that
 * does is the same in every 16.
 */
export function currentWork(): 'request' | 'kept' | 'attempt' {
  switch (workUnitAsyncStorage.getStore()?.type) {
    case 'prerender-legacy':
      return 'kept'
    case 'prerender':
      return 'attempt'
    default:
      return 'request'
  }
}
