import { useEffect, useRef, useState } from 'react';

import { forgetError, readError } from '../../googlelogin.js';

/** LoginError says why a login failed, if one did: what the page's address brought along as ?error= and ?error_id=. */
export function LoginError({ texts }) {
  const [error] = useState(() => readError(window.location, texts));
  const alert = useRef(null);
  useEffect(() => {
    if (!error) return;
    forgetError();
    // A page that says something from the start is not announced by every screen reader; what has the focus is.
    alert.current.focus();
  }, [error]);
  if (!error) return null;
  return (
    <div className="alert" role="alert" tabIndex={-1} ref={alert}>
      <p>{error.text}</p>
      {error.id && <p className="small">If you ask for help, name this id: <code>{error.id}</code></p>}
    </div>
  );
}
