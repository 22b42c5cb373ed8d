using System.Net;
using Network.ControlPlane.Child;

// A process that tests kill: a store with writers, or an API server.
return args switch
{
    ["store", var file, var round, var writers] => await StoreWriters.RunAsync(file, int.Parse(round), int.Parse(writers)),
    ["apiserver", var etcd, var pki, var port, var advertised] => await EtcdApiServer.RunAsync(new Uri(etcd), pki, int.Parse(port), IPEndPoint.Parse(advertised)),
    ["sqlite-apiserver", var directory, var port] => await SqliteApiServer.RunAsync(directory, int.Parse(port)),
    _ => 2,
};
