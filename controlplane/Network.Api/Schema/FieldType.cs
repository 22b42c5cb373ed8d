namespace Network.Api.Schema;

public enum FieldType : byte { String, Bool, Int32, Int64, Double, Bytes, Time, MicroTime, Duration, Fields, Raw, IntOrString, Quantity, Message }
