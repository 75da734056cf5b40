import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// In production whatever stands in front of the site brings {base}/* to the GoogleLogin's Service, see ../README.md. While
// developing, Vite does: browser and server then see one origin, and the session's cookies work as they do in production.
const loginServer = process.env.LOGIN_SERVER ?? 'http://localhost:8080';
const backend = process.env.BACKEND ?? 'http://localhost:8000';

export default defineConfig({
  plugins: [react()],
  server: {
    // The address is part of the redirect URI that is registered with Google: better no server than one on another port.
    port: 5173,
    strictPort: true,
    // The client is in the folder above.
    fs: { allow: ['..'] },
    proxy: {
      // The Host header stays as it came (changeOrigin is off): by it the server knows which redirect URI to use.
      '^/auth/': { target: loginServer },
      '^/api/': { target: backend },
    },
  },
});
