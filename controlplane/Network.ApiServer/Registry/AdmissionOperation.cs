namespace Network.ApiServer.Registry;

internal enum AdmissionOperation { Create, Update, Delete }
