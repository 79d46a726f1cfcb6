// A chat as an application writes it: `useOctavusChat`, a tool that the browser answers, one that the person answers, files.

import { useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createHttpTransport, useOctavusChat } from '@octavus/react';

async function post(path, body, options = {}) {
  const response = await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...options,
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** The session of the address, or a new one; an expired one is restored from what this browser kept. */
async function begin() {
  const known = location.hash.slice(1);
  if (!known) {
    const { sessionId } = await post('/session', {});
    history.replaceState(null, '', `#${sessionId}`);
    return { sessionId, messages: [], how: 'new' };
  }
  const found = await (await fetch(`/messages?session=${known}`)).json();
  if (found.status !== 'expired') return { sessionId: known, messages: found.messages, how: 'active' };
  const kept = JSON.parse(localStorage.getItem(known) ?? '[]');
  await post('/restore', { sessionId: known, messages: kept });
  const restored = await (await fetch(`/messages?session=${known}`)).json();
  return { sessionId: known, messages: restored.messages, how: 'restored' };
}

function Part({ part }) {
  if (part.type === 'text') return <p className="text">{part.text}</p>;
  if (part.type === 'reasoning') return <p className="reasoning">{part.text}</p>;
  if (part.type === 'file') return <img className="file" src={part.url} alt={part.filename} />;
  if (part.type === 'tool-call') {
    return (
      <p className="tool" data-status={part.status} data-name={part.toolName}>
        {part.displayName ?? part.toolName} {JSON.stringify(part.args)} {JSON.stringify(part.result ?? part.error)}
      </p>
    );
  }
  return <p>{part.type}</p>;
}

function Chat({ sessionId, messages: initialMessages, how }) {
  const [draft, setDraft] = useState('');
  const [progress, setProgress] = useState([]);
  const [resources, setResources] = useState({});
  const picked = useRef(null);
  const transport = useMemo(() => createHttpTransport({
    request: (payload, options) => fetch('/trigger', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sessionId, ...payload }),
      signal: options?.signal,
    }),
  }), [sessionId]);
  const chat = useOctavusChat({
    transport,
    initialMessages,
    requestUploadUrls: (files) => post('/upload-urls', { sessionId, files }),
    clientTools: {
      'get-weather': async ({ city }) => ({ city, seenBy: navigator.userAgent.includes('Chrome') ? 'Chromium' : 'something else' }),
      'ask-person': 'interactive',
    },
    onResourceUpdate: (name, value) => setResources((all) => ({ ...all, [name]: value })),
    onFinish: () => setTimeout(() => localStorage.setItem(sessionId, JSON.stringify(latest.current))),
  });
  const latest = useRef([]);
  latest.current = chat.messages;

  const send = async (event) => {
    event.preventDefault();
    const content = draft;
    setDraft('');
    const files = picked.current.files;
    if (files.length === 0) {
      await chat.send('user-message', { USER_MESSAGE: content }, { userMessage: { content } });
      return;
    }
    const uploaded = await chat.uploadFiles(files, (_, percent) => setProgress((all) => [...all, percent]));
    picked.current.value = '';
    await chat.send('with-files', { USER_MESSAGE: content, FILES: uploaded }, { userMessage: { content, files: uploaded } });
  };

  return (
    <>
      <header>
        <h1>Chat</h1>
        <span id="status">{chat.status}</span>
        <span id="how">{how}</span>
        <span id="progress">{progress.at(-1)}</span>
        <span id="resources">{JSON.stringify(resources)}</span>
      </header>
      {chat.messages.map((message) => (
        <article key={message.id} className={message.role} data-status={message.status}>
          {message.parts.map((part, at) => <Part key={at} part={part} />)}
        </article>
      ))}
      {(chat.pendingClientTools['ask-person'] ?? []).map((tool) => (
        <p key={tool.toolCallId} className="question">
          {tool.args.question}
          <button type="button" onClick={() => tool.submit({ answer: 'teal' })}>Teal</button>
          <button type="button" onClick={() => tool.cancel('Not now')}>Not now</button>
        </p>
      ))}
      {chat.error && <p className="error">{chat.error.errorType}: {chat.error.message}</p>}
      <form onSubmit={send}>
        <textarea id="draft" rows="3" value={draft} onChange={(event) => setDraft(event.target.value)} />
        <input id="files" type="file" multiple ref={picked} />
        <button id="send" type="submit">Send</button>
        <button id="stop" type="button" onClick={chat.stop}>Stop</button>
        <button id="lookup" type="button" onClick={() => chat.send('lookup', { WHO: '7' })}>Look up</button>
      </form>
    </>
  );
}

const root = createRoot(document.getElementById('root'));
begin().then((session) => root.render(<Chat {...session} />), (error) => root.render(<p className="error">{String(error)}</p>));
