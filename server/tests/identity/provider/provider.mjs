// A real OpenID provider on a free port of loopback: whoever signs in is who the form says.
// Prints its issuer when it takes requests. Arguments: the address of the way back.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const back = process.argv[2];
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: 'glasshouse', client_secret: 'a secret of the client', redirect_uris: [back] },
      { client_id: 'public', redirect_uris: [back], token_endpoint_auth_method: 'none' },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
    // Claims in the ID token itself, as most providers do.
    conformIdTokenClaims: false,
    pkce: { required: () => true, methods: ['S256'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: `sub-${id}`,
        preferred_username: id,
        email: `${id}@example.com`,
        email_verified: !id.startsWith('unverified'),
      }),
    }),
    cookies: { keys: ['of this test'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});
