namespace Network.ApiServer.Watching;

internal enum WatchEventType { Added, Modified, Deleted }
