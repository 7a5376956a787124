// Diagnostics of TLS settings. The rows of ../diagnostic-codes.ts, which checks their shape.

export const encryptionCodes = {
  SLC0240: {
    severity: 'error',
    title: 'Calls are refused: their TLS settings cannot be used',
    explanation:
      'Without them the calls would be made in plain text, or to a server that nobody has verified. So the clusters that the ' +
      'settings are for have no endpoints: requests are answered with 503, connections are closed.',
    fix: 'Correct what is named beside it, or remove the block.',
  },
  SLC0241: {
    severity: 'error',
    title: "A gateway's server is closed: its TLS settings cannot be used",
    explanation:
      'Without them it would answer in plain text, or let clients in whom nobody has verified. So connections for its hosts ' +
      'are closed.',
    fix: 'Correct what is named beside it.',
  },
} as const;
