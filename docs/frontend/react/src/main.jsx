import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { createClient } from '../../googlelogin.js';
import '../../googlelogin.css';
import { App } from './App.jsx';
import { SessionProvider } from './session.jsx';
import './style.css';

// The one thing to set: the GoogleLogin's spec.basePath.
const client = createClient({ base: '/auth' });

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <SessionProvider client={client}>
      <App />
    </SessionProvider>
  </StrictMode>,
);
