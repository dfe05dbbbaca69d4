import type { NextConfig } from 'next'

export default {
  // In this repository the packages are TypeScript sources. Installed from a registry they need no such line.
  transpilePackages: ['@withusage/ai-sdk', '@withusage/core', '@withusage/next'],
} satisfies NextConfig
