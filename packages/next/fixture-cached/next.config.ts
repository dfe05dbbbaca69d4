import type { NextConfig } from 'next'

export default {
  transpilePackages: ['@withusage/core', '@withusage/next'],
  cacheComponents: true,
  partialPrefetching: true,
} satisfies NextConfig
