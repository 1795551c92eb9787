// The GraphiQL page of the server: the editor, and a bar to sign in with a user name and password.
// The login is kept in memory only and is gone when the page is closed.
import React, { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import '@graphiql/react/dist/style.css';
import 'graphiql/src/style.css';
import './page.css';

const firstQuery = `# Sign in above, then press Ctrl-Enter to run this query.
# Press Ctrl-Space for what may be written at the cursor; the book icon opens the documentation.

{
  healthFacilities(first: 5) {
    edges {
      node {
        id
        code
        name
        location { code name parent { code name } }
      }
    }
  }
}
`;

let authorization; // the Authorization header, once somebody signed in

// post sends one operation to the address of this page.
async function post(operation, headers) {
  return fetch(location.pathname, {
    method: 'POST',
    credentials: 'same-origin',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      ...(authorization && { Authorization: authorization }),
      ...headers,
    },
    body: JSON.stringify(operation),
  });
}

async function fetcher(operation, options) {
  const response = await post(operation, options?.headers);
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}`);
  }
}

// basic encodes a login as UTF-8, as the server reads it.
function basic(user, password) {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return 'Basic ' + btoa(String.fromCharCode(...bytes));
}

function SignIn() {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [signedIn, setSignedIn] = useState('');
  const [problem, setProblem] = useState('');

  async function signIn(event) {
    event.preventDefault();
    authorization = basic(user, password);
    try {
      const response = await post({ query: '{ __typename }' });
      if (response.ok) {
        setSignedIn(user);
        setPassword('');
        setProblem('');
        return;
      }
      const answer = await response.json().catch(() => ({}));
      setProblem(answer.errors?.[0]?.message ?? `The server answered ${response.status}`);
    } catch {
      setProblem('The server cannot be reached.');
    }
    authorization = undefined;
  }

  function signOut() {
    authorization = undefined;
    setSignedIn('');
  }

  if (signedIn) {
    return (
      <div className="sign-in">
        <span>Signed in as <b>{signedIn}</b></span>
        <button type="button" onClick={signOut}>Sign out</button>
      </div>
    );
  }
  return (
    <form className="sign-in" onSubmit={signIn}>
      <span role="alert">{problem}</span>
      <input aria-label="User" placeholder="User" autoComplete="username" required value={user} onChange={e => setUser(e.target.value)} />
      <input aria-label="Password" placeholder="Password" type="password" autoComplete="current-password" value={password} onChange={e => setPassword(e.target.value)} />
      <button type="submit">Sign in</button>
    </form>
  );
}

createRoot(document.getElementById('page')).render(
  <>
    <header>
      <h1>openIMIS GraphQL</h1>
      <SignIn />
    </header>
    <main>
      <GraphiQL fetcher={fetcher} defaultQuery={firstQuery} defaultEditorToolsVisibility="variables">
        <GraphiQL.Logo>{' '}</GraphiQL.Logo>
      </GraphiQL>
    </main>
  </>,
);
