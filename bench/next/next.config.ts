import type { NextConfig } from 'next'

export default {
  transpilePackages: ['@withusage/core', '@withusage/next', '@withusage/sqlite'],
} satisfies NextConfig
