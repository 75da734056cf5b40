-- Asks the callback server about a request: LuaHookAccessChecker /etc/apache2/googlelogin.lua check
-- It needs LuaSocket, on Debian the package lua-socket. Whoever may pass goes on with who it is; everybody else has the server's own answer, or
-- 503 if there is none. An error in here is Apache's 500.

local http = require "socket.http"
local ltn12 = require "ltn12"

http.TIMEOUT = 2 -- seconds, for each step

local server = "http://shop-googlelogin.team.svc:8080"
local route = "/auth/check/apache"
-- With the access JWT for the application:
--bearer route = "/auth/check/apache?authorization=bearer"

-- What the server reads of a request. Its body, and whatever is about the connection, stays here.
local asked = {
  "Accept", "Authorization", "Content-Type", "Cookie", "Host", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-WebSocket-Key", "User-Agent",
  "X-Requested-With",
}

-- What a browser gets of an answer that is no.
local told = { "cache-control", "location", "retry-after", "set-cookie", "www-authenticate" }

-- hops says whether Connection names what has to arrive: Apache would take it off again, after it was set.
local function hops(r)
  local connection = (r.headers_in["Connection"] or ""):lower()
  for _, part in ipairs({ "x%-", "authorization", "cookie", "host", "forwarded" }) do
    if connection:find(part) then
      return true
    end
  end
end

-- strip takes off what nobody but a client sends here: our own names, those of other sign-in proxies, and every name with "_", "." or "~", which
-- many an application would read as one of them.
local function strip(r)
  for name in pairs(r:headers_in_table()) do
    local lower = name:lower()
    if lower:find("[^a-z0-9-]") or lower:find("^x%-auth%-") or lower:find("^x%-forwarded%-") or lower == "forwarded" then
      r.headers_in[name] = nil
    end
  end
end

-- forward writes where a request comes from, and where it went.
local function forward(r, headers)
  headers["X-Forwarded-For"] = r.useragent_ip
  headers["X-Forwarded-Proto"] = "https"
  headers["X-Forwarded-Host"] = r.headers_in["Host"]
end

-- ask returns the status, the headers and the body of the server's answer, or no status.
local function ask(r)
  local headers, body = {}, {}
  for _, name in ipairs(asked) do
    headers[name] = r.headers_in[name]
  end
  forward(r, headers)
  headers["X-Forwarded-Method"] = r.method
  -- As it was sent, and not as Apache reads it.
  headers["X-Forwarded-Uri"] = r.unparsed_uri:gsub("^%a+://[^/]*", "")
  local done, status, answer = http.request({ url = server .. route, headers = headers, redirect = false, sink = ltn12.sink.table(body) })
  if done then
    return status, answer, table.concat(body)
  end
end

local function refuse(r, status, answer, body)
  if not status or status < 300 then
    return 503
  end
  for _, name in ipairs(told) do
    r.err_headers_out[name] = answer[name]
  end
  r:custom_response(status, body)
  return status
end

local function identify(r, answer)
  for _, name in ipairs({ "User", "Email", "Name", "Hosted-Domain" }) do
    r.headers_in["X-Auth-Request-" .. name] = answer["x-auth-request-" .. name:lower()] or ""
  end
  --bearer r.headers_in["Authorization"] = answer["authorization"]
  -- The renewed session. "err", so that it reaches the browser with an error, too.
  r.err_headers_out["Set-Cookie"] = answer["set-cookie"]
end

function check(r)
  if hops(r) then
    return 400
  end
  strip(r)
  -- The sign-in's own pages, known by where the request goes and not by a path.
  local own = "proxy:" .. server .. "/auth/"
  if r.filename:sub(1, #own) ~= own then
    local status, answer, body = ask(r)
    if status ~= 200 or (answer["x-auth-request-user"] or "") == "" then
      return refuse(r, status, answer, body)
    end
    identify(r, answer)
  end
  forward(r, r.headers_in)
  return apache2.DECLINED
end
