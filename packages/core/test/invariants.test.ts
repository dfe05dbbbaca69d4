import { arbitraryRecord, sampleRecord } from '@withusage/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uuidv7 } from '../src/ids.ts'
import { brokenInvariant } from '../src/invariants.ts'
import { SUBSETS, TOKEN_FIELDS, type UsageRecord, usageRecordSchema } from '../src/record.ts'

const unknownCounts = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, null]))

describe('a record that cannot be stored', () => {
  it.each<[string, Partial<Record<keyof UsageRecord, unknown>>]>([
    ['userId', { userId: '' }],
    ['userId', { userId: undefined }],
    ['id', { id: 'not-a-uuid' }],
    ['requestId', { requestId: '' }],
    ['endpoint', { endpoint: '' }],
    ['createdAt', { createdAt: new Date(Number.NaN) }],
    ['inputTokens', { inputTokens: -1 }],
    ['inputTokens', { inputTokens: 1.5 }],
    ['outputTokens', { outputTokens: Number.NaN }],
    ['outputTokens', { outputTokens: Number.POSITIVE_INFINITY }],
    ['totalTokens', { totalTokens: Number.MAX_SAFE_INTEGER + 1 }],
    ['reasoningTokens', { reasoningTokens: '5' }],
    ['costNanoUsd', { costNanoUsd: 0.5, pricingVersion: 'v1' }],
    ['providerCostNanoUsd', { providerCostNanoUsd: -5 }],
    ['durationMs', { durationMs: -1 }],
    ['status', { status: 1_000 }],
    ['units.images', { units: { images: -1 } }],
    ['tags.team', { tags: { team: 5 } }],
  ])('says that %s is wrong for %j', (field, fields) => {
    const broken = brokenInvariant({ ...sampleRecord(), ...fields } as UsageRecord)
    expect(broken?.fatal).toBe(true)
    expect(broken?.what.split(' ')[0]).toBe(field)
  })

  it('is one with a field that no one documented', () => {
    expect(brokenInvariant({ ...sampleRecord(), prompt: 'secret' } as UsageRecord)).toMatchObject({ fatal: true })
  })

  it('is named on one line, whatever a tag is called', () => {
    const broken = brokenInvariant({ ...sampleRecord(), tags: { 'a\nforged line': 5 } } as unknown as UsageRecord)
    expect(broken?.what).toBe('tags.aforged line (invalid_type)')
  })

  it('is described without its values', () => {
    const broken = brokenInvariant({
      ...sampleRecord(),
      source: 5,
      userId: '',
      endpoint: { secret: 'hunter2' },
    } as never)
    expect(JSON.stringify(broken)).not.toContain('hunter2')
  })
})

describe('a record that breaks a rule is stored, and the rule named', () => {
  it('the filter counts grow', () => {
    const record = sampleRecord({ preFilterInputTokens: 1, postFilterInputTokens: 2 })
    expect(brokenInvariant(record)).toEqual({
      what: 'postFilterInputTokens exceeds preFilterInputTokens',
      fatal: false,
    })
  })

  it('a cost without the price list that gave it', () => {
    expect(brokenInvariant(sampleRecord({ costNanoUsd: 0 }))).toEqual({
      what: 'costNanoUsd has no pricingVersion',
      fatal: false,
    })
    expect(brokenInvariant(sampleRecord({ costNanoUsd: 0, pricingVersion: '2026-03' }))).toBeNull()
  })

  it.each(SUBSETS)('%s exceeds %s', (subset, total) => {
    const record = sampleRecord({ ...unknownCounts, [total]: 5, [subset]: 6 })
    expect(brokenInvariant(record)).toEqual({ what: `${subset} exceeds ${total}`, fatal: false })
  })
})

describe('a record keeps the invariants', () => {
  it.each(SUBSETS)('when %s is all of %s, or one of them is not known', (subset, total) => {
    for (const counts of [
      { [total]: 5, [subset]: 5 },
      { [total]: null, [subset]: 6 },
      { [total]: 5, [subset]: null },
    ])
      expect(brokenInvariant(sampleRecord({ ...unknownCounts, ...counts }))).toBeNull()
  })

  it('when it says itself that its counts do not add up', () => {
    expect(brokenInvariant(sampleRecord({ outputTokens: 5, reasoningTokens: 6, consistent: false }))).toBeNull()
  })

  it('with any counts that can be, and with none', () => {
    expect(brokenInvariant(sampleRecord(unknownCounts))).toBeNull()
    expect(brokenInvariant(sampleRecord({ inputTokens: 0, outputTokens: Number.MAX_SAFE_INTEGER }))).toBeNull()
  })
})

it('never throws and finds nothing fatal in any record that the schema allows', () => {
  fc.assert(
    fc.property(arbitraryRecord, (record) => {
      expect(brokenInvariant(record)?.fatal ?? false).toBe(false)
    }),
  )
})

it('never throws, whatever is taken for a record', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
      expect(brokenInvariant(value as UsageRecord)?.fatal).toBe(true)
    }),
  )
})

it('says of every record what the schema says', () => {
  const [id, requestId] = [uuidv7(0), uuidv7(1)]
  const strange = fc.oneof(
    fc.anything(),
    fc.constantFrom(undefined, null, '', id, -1, 0.5, 1000, new Date(Number.NaN), [], {}),
  )
  const fields = fc.constantFrom(...Object.keys(sampleRecord()), 'prompt')
  fc.assert(
    fc.property(arbitraryRecord, fields, strange, (arbitrary, field, value) => {
      for (const record of [arbitrary, { ...sampleRecord(), id, requestId, units: null }]) {
        const changed = { ...record, [field]: value } as UsageRecord
        const isValid = usageRecordSchema.safeParse(changed).success
        expect(brokenInvariant(changed, changed.requestId)?.fatal ?? false).toBe(!isValid)
      }
    }),
    { numRuns: 2000 },
  )
})
