namespace Network.ApiServer.Registry;

/// <summary>What happens to an object. Connect opens a stream to it (exec, attach, port-forward, proxy) and stores nothing.</summary>
internal enum AdmissionOperation { Create, Update, Delete, Connect }
