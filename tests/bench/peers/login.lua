-- The same login through wrk: body put together as text, status and token looked for in the answer, nothing kept.
local number = 0
wrk.method = "POST"
wrk.path = "/api/v2/sdk/login"
wrk.headers = {
  ["X-operating-sys-version"] = "Ubuntu 24.04",
  ["X-device-fingerprint"] = "0123456789abcdef0123456789abcdef",
  ["X-device-ip"] = "10.1.2.3",
  ["X-agent"] = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
  ["X-L"] = "zh",
  ["X-client-id"] = "DRrYIqauawN0I8myTMoDTPys6ezGZxnm",
  ["Content-Type"] = "application/json;charset=utf8",
}

function request()
  number = (number + 1) % 1000
  return wrk.format(nil, nil, nil, string.format('{"user_name":"load%07d","password":"Initial-%07d"}', number, number))
end

function response(status, headers, body)
  if status ~= 200 or not body:find('"status":"PASSWORD_EXPIRED"', 1, true) or not body:find('"state_token":"%w') then
    io.stderr:write("not what had to come: ", status, "\n")
    os.exit(1)
  end
end
