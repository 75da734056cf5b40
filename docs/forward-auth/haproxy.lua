-- Asks the callback server about a request. It needs nothing but HAProxy's own Lua and HTTP client:
--   http-request lua.googlelogin <backend> <path> <milliseconds to wait>
-- Who may pass goes on, with who it is in txn.auth_*. Everybody else has the server's own answer, or 503 if there is none.

-- What the server reads of a request. Its body, and whatever is about the connection, stays here.
local asked = {
  "accept", "authorization", "content-type", "cookie", "host", "sec-fetch-dest", "sec-fetch-mode", "sec-websocket-key", "user-agent",
  "x-forwarded-for", "x-forwarded-host", "x-forwarded-method", "x-forwarded-proto", "x-forwarded-uri", "x-request-id", "x-requested-with",
}

-- What a browser gets of an answer that is no.
local told = { "cache-control", "content-type", "location", "retry-after", "set-cookie", "www-authenticate", "x-request-id" }

-- address is where a server of the backend listens that is not down.
local function address(backend)
  for _, server in pairs(core.backends[backend].servers) do
    local status = server:get_stats().status
    if status:find("^UP") or status == "no check" then
      return server:get_addr()
    end
  end
end

local function pick(names, headers)
  local picked = {}
  for _, name in ipairs(names) do
    if headers[name] then
      picked[name] = {}
      -- HAProxy counts from 0.
      for i = 0, #headers[name] do
        table.insert(picked[name], headers[name][i])
      end
    end
  end
  return picked
end

local function first(headers, name)
  return headers[name] and headers[name][0] or ""
end

local function refuse(txn, answer)
  local known = answer and answer.status and answer.status >= 300
  local reply = txn:reply({ status = known and answer.status or 503 })
  if known then
    for name, values in pairs(pick(told, answer.headers)) do
      for _, value in ipairs(values) do
        reply:add_header(name, value)
      end
    end
    reply:set_body(answer.body or "")
  end
  txn:done(reply)
end

core.register_action("googlelogin", { "http-req" }, function(txn, backend, path, timeout)
  local server = address(backend)
  local answer = server and core.httpclient():get({
    url = "http://" .. server .. path,
    headers = pick(asked, txn.http:req_get_headers()),
    timeout = tonumber(timeout),
  })
  if not answer or answer.status ~= 200 or first(answer.headers, "x-auth-request-user") == "" then
    return refuse(txn, answer)
  end
  for _, name in ipairs({ "user", "email", "name", "hosted-domain" }) do
    txn:set_var("txn.auth_" .. name:gsub("-", "_"), first(answer.headers, "x-auth-request-" .. name))
  end
  txn:set_var("txn.auth_token", first(answer.headers, "authorization"))
  txn:set_var("txn.auth_cookie", first(answer.headers, "set-cookie"))
end, 3)
