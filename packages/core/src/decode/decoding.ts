import { ByteBuffer } from '../meter/byte-buffer.ts'
import { unreadableReading } from '../meter/create-meter.ts'
import type { Meter, Reading, ReadingReason } from '../types.ts'
import type { Coding } from './codings.ts'
import { type Decoder, openDecoder } from './decoder.ts'

const MEBIBYTE = 1024 * 1024

/** What waits to be decoded while the client reads on; past it the body is not read any further. */
const WAITING_BYTES = 8 * MEBIBYTE
/** What is decoded at a time. */
const STEP_BYTES = 16 * 1024
/** What a body may become, however small it is. */
const FREE_BYTES = 16 * MEBIBYTE
/** What each compressed byte may become besides. Streams of chat become 5 to 50. */
const MAX_RATIO = 256
/** What one body may become, however large it is. */
const MAX_DECODED_BYTES = 1024 * MEBIBYTE

/** A meter that may be behind with reading what was written to it. */
export interface LateMeter extends Meter {
  /** Resolves when it has caught up; `null` when it has. Never rejects. */
  idle(): Promise<void> | null
  /** No more bytes come. As `idle`, and what is still in a decoder is read too. */
  finish(): Promise<void> | null
  /** Ends the reading with what has been read by now, and lets go of everything. */
  end(): Reading
}

/** Decodes a body beside its client's stream, which it never holds up, and gives what comes out to the next meter. */
export class Decoding implements LateMeter {
  readonly #decoder: Decoder
  readonly #next: LateMeter
  #waiting = new ByteBuffer()
  #waitingBytes = 0
  #takenBytes = 0
  #givenBytes = 0
  #work: Promise<void> | null = null
  #finished: Promise<void> | null = null
  #stopped = false
  #loss: Extract<ReadingReason, 'encoded_body' | 'too_large'> | null = null
  /** It was decoded, and ended where its coding says. */
  #whole = false

  private constructor(decoder: Decoder, next: LateMeter) {
    this.#decoder = decoder
    this.#next = next
  }

  /** `null` where nothing decodes the coding. */
  static open(coding: Coding, next: LateMeter): Decoding | null {
    const decoder = openDecoder(coding, (piece) => decoding?.take(piece))
    const decoding: Decoding | null = decoder && new Decoding(decoder, next)
    return decoding
  }

  write(bytes: Uint8Array): void {
    if (this.#stopped || bytes.length === 0) return
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > WAITING_BYTES) this.#giveUp('encoded_body')
    else {
      this.#waiting.append(bytes)
      this.#work ??= this.#guarded(() => this.#catchUp())
    }
  }

  /** What the decoder gives. */
  take(piece: Uint8Array): void {
    if (this.#stopped) return
    this.#givenBytes += piece.length
    const bound = Math.min(FREE_BYTES + MAX_RATIO * this.#takenBytes, MAX_DECODED_BYTES)
    if (this.#givenBytes > bound) this.#giveUp('too_large')
    else this.#next.write(piece)
  }

  idle(): Promise<void> | null {
    return this.#work
  }

  finish(): Promise<void> | null {
    this.#finished ??= this.#guarded(() => this.#finish())
    return this.#finished
  }

  end(): Reading {
    this.#stop()
    const reading = this.#next.end()
    if (this.#loss) return unreadableReading(reading.streamed, this.#loss)
    if (this.#whole) return reading
    return { ...reading, reason: reading.reason && 'encoded_body', interrupted: true }
  }

  async #catchUp(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stopped) {
      const bytes = this.#waiting.view()
      this.#waiting = new ByteBuffer()
      for (let at = 0; at < bytes.length && !this.#stopped; at += STEP_BYTES)
        await this.#step(bytes.subarray(at, at + STEP_BYTES))
    }
    this.#work = null
  }

  /** The next meter is not given more before it has read what it has. */
  async #step(bytes: Uint8Array): Promise<void> {
    this.#takenBytes += bytes.length
    await this.#decoder.decode(bytes)
    this.#waitingBytes -= bytes.length
    await this.#next.idle()
  }

  async #finish(): Promise<void> {
    await this.#work
    if (this.#stopped) return
    const whole = await this.#decoder.finish()
    await this.#next.finish()
    if (this.#stopped) return
    this.#whole = whole
    this.#stop()
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch {
      this.#giveUp('encoded_body')
    }
  }

  /** Part of the body is not known: nothing of it is believed. */
  #giveUp(loss: 'encoded_body' | 'too_large'): void {
    if (this.#stopped) return
    this.#loss = loss
    this.#stop()
  }

  #stop(): void {
    this.#stopped = true
    this.#waiting.clear()
    this.#decoder.close()
  }
}
