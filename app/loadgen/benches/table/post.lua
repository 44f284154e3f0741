wrk.method = 'POST'
