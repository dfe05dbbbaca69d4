import { arbitraryRecord, sampleRecord } from '@withusage/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type UsageRecord, usageRecordSchema } from '../../src/record.ts'
import { checkRecord } from '../../src/stores/checks.ts'

/** A value of every kind, none of which is a valid id or word by chance. */
const VALUES = [null, undefined, Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, 7, '', true, {}, [], 5n]

function refusal(record: unknown): unknown {
  try {
    checkRecord(record as UsageRecord)
    return null
  } catch (error) {
    return error
  }
}

describe('checkRecord', () => {
  test.each(Object.keys(usageRecordSchema.shape))('takes and refuses as %s what the schema does', (field) => {
    for (const value of VALUES) {
      const record = { ...sampleRecord(), [field]: value }
      const { success } = usageRecordSchema.safeParse(record)
      expect(refusal(record) === null, String(value)).toBe(success)
    }
  })

  test('takes every record that the schema allows', () => {
    fc.assert(fc.property(arbitraryRecord, (record) => refusal(record) === null))
  })

  test('names the field that it refuses, and not what is in it', () => {
    const secret = 'sk-secret'
    const refused = [{ inputTokens: secret }, { tags: { team: [secret] } }, { status: [secret] }]
    const messages = refused.map((fields) => String(refusal({ ...sampleRecord(), ...fields })))
    expect(messages).toEqual([
      'UsageError: inputTokens of a record holds what it cannot: string',
      'UsageError: tags of a record holds what it cannot: object',
      'UsageError: status of a record holds what it cannot: an array',
    ])
  })

  test('refuses what is no record at all', () => {
    for (const value of [null, undefined, 7, 'record'])
      expect(refusal(value)).toMatchObject({ code: 'record-refused', message: 'a record is not an object' })
  })
})
