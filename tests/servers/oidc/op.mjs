// An OpenID provider for the tests: npm's oidc-provider, one client. usage: node op.mjs '{"port": …, …}' (see oidc.py)
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const { port, issuer, clientId, redirectUris, consents, shows } = JSON.parse(process.argv[2]);

// What an operator does who vouches for an application: nobody is asked for consent to it.
async function granted({ oidc }) {
  const known = oidc.session.grantIdFor(clientId);
  if (known) return oidc.provider.Grant.find(known);
  const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}

const provider = new Provider(issuer, {
  // A client that redeems no code needs no secret; of such a one the provider demands PKCE.
  clients: [{
    client_id: clientId,
    redirect_uris: redirectUris,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
  }],
  cookies: { keys: ['a key of tests'] },
  // Its login form takes any name with any password.
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ...(consents ? { loadExistingGrant: granted } : {}),
});
const answer = provider.callback();

const server = createServer((request, response) => {
  // A provider that shows its pages whatever it is asked.
  if (shows) request.url = request.url.replace('prompt=none', 'prompt=login');
  answer(request, response);
});
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
